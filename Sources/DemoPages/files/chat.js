'use strict'
// Talks through the proxy as a new client (one socket) or as an old one (a socket for each agent). What the network
// says only ever becomes text of the page, never markup. The token is in the sockets' URLs, because that is how
// clients of the field say it; it is in no URL of this page, and nothing is stored.

const byId = (id) => document.getElementById(id)
const MOST_ENTRIES = 300
const LONGEST_SHOWN = 4000

let settings = null
let agent = null
let kind = 'new'
const lines = new Map() // of sockets, by the path that they are at

// What the proxy or the demo's agents mean by a code (RFC 6455 §7.4.1, and their own).
const CODES = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'closed without a code',
  1006: 'no close frame: the handshake was refused, or the connection was cut. A browser does not tell which',
  1008: 'policy violation',
  1009: 'message too big',
  1011: 'internal error',
  1012: 'the proxy restarts',
  1013: 'try again later',
  4001: 'the backend wants a login',
  4003: 'the backend refuses the client',
  4004: 'a limit of the backend',
  4005: 'a limit of the backend',
  4029: 'the backend’s rate limit',
  4410: 'this legacy endpoint is closed for good',
  4411: 'this legacy endpoint is switched off for a while (brownout)'
}

const COMMANDS = [
  ['/slow 3000', 'answers after 3 s'],
  ['/fail', 'the agent could not do it'],
  ['/crash', 'its socket never answers again'],
  ['/silent', 'no reply, ever'],
  ['/twice', 'the reply comes twice'],
  ['/push', 'something else comes first'],
  ['/close 4001', 'closes with that code'],
  ['/big 100000', 'a reply of 100 kB'],
  ['/binary', 'a binary message'],
  ['/array', 'a JSON array'],
  ['/whoami', 'what the backend saw of you'],
  ['/raw', 'the bytes that it got']
]

// ---- One socket of the page.

class Line {
  constructor(name, path) {
    this.name = name
    this.path = path
    this.state = 'idle'
    this.socket = null
    this.waiting = [] // written while the socket opens
    this.asked = [] // when each message without a reply was sent, by agent
    this.sent = 0
    this.received = 0
    this.heartbeats = 0
    this.end = ''
    this.conversations = new Map()
    this.view = makeSocketView(this)
  }

  connect() {
    if (this.state === 'open' || this.state === 'connecting') return
    const url = new URL(settings.proxy + this.path)
    const token = byId('token').value
    if (token) url.searchParams.set('session_token', token)
    url.searchParams.set('client', 'demo-chat')
    url.searchParams.set('client_version', kind === 'old' ? '1.0' : '2.0')
    this.end = ''
    this.asked = []
    let socket
    try {
      socket = new WebSocket(url)
    } catch (problem) {
      this.end = String(problem.message)
      this.become('closed')
      return
    }
    this.socket = socket
    this.become('connecting')
    // A socket that was left behind says nothing about its successor.
    const mine = (react) => (event) => { if (this.socket === socket) react(event) }
    socket.onopen = mine(() => {
      this.become('open')
      for (const message of this.waiting.splice(0)) this.write(message)
    })
    socket.onmessage = mine((event) => this.hear(event.data))
    socket.onclose = mine((event) => this.ended(event))
  }

  disconnect() {
    if (this.socket) this.socket.close(1000)
  }

  ended(event) {
    const meaning = CODES[event.code] ? ` – ${CODES[event.code]}` : ''
    this.end = `Closed with ${event.code}${meaning}.` + (event.reason ? ` Reason: “${event.reason}”.` : '')
    this.socket = null
    const lost = this.waiting.splice(0).length + this.asked.length
    this.asked = []
    if (lost) this.end += lost === 1 ? ' One message was not answered.' : ` ${lost} messages were not answered.`
    this.become('closed')
    addEntry({ kind: 'note', who: this.name, words: this.end })
  }

  become(state) {
    this.state = state
    showSocket(this)
    const said = { connecting: 'connecting', open: 'open', closed: this.end }[state]
    byId('status').textContent = `Socket ${this.name}: ${said}`
  }

  say(to, words) {
    const message = { message: words }
    if (this.path === settings.unified) {
      Object.assign(message, to.address)
      if (this.conversations.has(to.name)) message.conversation_id = this.conversations.get(to.name)
    }
    const text = JSON.stringify(message)
    if (this.state === 'open') return this.write({ to, words, text })
    this.waiting.push({ to, words, text })
    this.connect()
  }

  write({ to, words, text }) {
    this.socket.send(text)
    this.sent += 1
    this.asked.push({ name: to.name, at: performance.now() })
    addEntry({ kind: 'mine', who: 'You', tag: `to ${to.name}`, words, raw: text })
    showSocket(this)
  }

  hear(data) {
    this.received += 1
    const heard = typeof data === 'string' ? read(data) : { kind: 'reply', words: `(binary, ${data.size} bytes)` }
    if (heard.type === 'heartbeat') this.heartbeats += 1
    showSocket(this)
    if (heard.type === 'heartbeat') return
    const name = heard.agent ?? (this.path === settings.unified ? 'proxy' : this.name)
    let tag = heard.tag
    if (heard.kind !== 'push') {
      const index = this.asked.findIndex((each) => each.name === name)
      const [asked] = this.asked.splice(index < 0 ? 0 : index, 1)
      if (asked) tag = [tag, `${Math.round(performance.now() - asked.at)} ms`].filter(Boolean).join(', ')
      if (heard.conversation) this.conversations.set(name, heard.conversation)
    }
    addEntry({
      kind: heard.kind, who: name, tag, words: heard.words, raw: typeof data === 'string' ? data : undefined
    })
  }
}

// What a message is, whatever generation of backend it comes from.
function read(text) {
  let value
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'reply', tag: 'not JSON', words: text }
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { kind: 'reply', tag: 'not an object', words: text }
  }
  const type = typeof value.type === 'string' ? value.type : undefined
  const words = [value.message, value.response, value.data?.message].find((each) => typeof each === 'string')
  const isAnswer = [undefined, 'message', 'response', 'chat_response', 'agent_response', 'error'].includes(type)
  const found = settings.agents.find((each) => {
    const address = Object.entries(each.address)
    return address.length > 0 && address.every(([member, wanted]) => value[member] === wanted)
  })
  const code = type === 'error' && typeof value.code === 'string' ? ` ${value.code}` : ''
  const sent = type === 'error' && typeof value.sent === 'boolean' ? (value.sent ? ', was sent' : ', was not sent') : ''
  return {
    type,
    kind: type === 'error' ? 'bad' : isAnswer ? 'reply' : 'push',
    tag: type === 'error' ? `error${code}${sent}` : isAnswer ? '' : `push ${type}`,
    agent: found?.name,
    conversation: typeof value.conversation_id === 'string' ? value.conversation_id : undefined,
    words: words ?? (isAnswer ? text : '')
  }
}

// ---- What is seen.

function shortened(text) {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters in all)`
}

function addEntry({ kind, who, tag, words, raw }) {
  const log = byId('log')
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60
  const entry = byId('entry-template').content.cloneNode(true).querySelector('.entry')
  entry.classList.add(kind)
  entry.querySelector('.who').textContent = who
  entry.querySelector('.tag').textContent = tag ?? ''
  const time = entry.querySelector('time')
  const now = new Date()
  time.dateTime = now.toISOString()
  time.textContent = now.toLocaleTimeString()
  entry.querySelector('.words').textContent = shortened(words)
  if (raw === undefined) entry.querySelector('.raw').remove()
  else entry.querySelector('pre').textContent = shortened(raw)
  log.append(entry)
  while (log.children.length > MOST_ENTRIES) log.firstElementChild.remove()
  byId('empty').hidden = true
  if (atEnd || kind === 'mine') log.scrollTop = log.scrollHeight
}

function makeSocketView(line) {
  const view = byId('socket-template').content.cloneNode(true).querySelector('.socket')
  view.querySelector('.socket-name').textContent = line.name
  view.querySelector('.socket-url').textContent = settings.proxy + line.path
  view.querySelector('.socket-button').addEventListener('click', () => {
    if (line.state === 'open' || line.state === 'connecting') line.disconnect()
    else line.connect()
  })
  byId('socket-list').append(view)
  byId('no-sockets').hidden = true
  return view
}

function showSocket(line) {
  const state = line.view.querySelector('.state')
  state.dataset.state = line.state
  state.textContent = line.state
  const end = line.view.querySelector('.socket-end')
  end.textContent = line.end
  end.hidden = !line.end
  const beats = line.heartbeats ? `, ${line.heartbeats} of them heartbeats` : ''
  line.view.querySelector('.socket-counts').textContent = `${line.sent} sent, ${line.received} received${beats}`
  const live = line.state === 'open' || line.state === 'connecting'
  const button = line.view.querySelector('.socket-button')
  button.textContent = live ? 'Disconnect' : 'Reconnect'
  button.setAttribute('aria-label', `${button.textContent} ${line.name}`)
  const open = [...lines.values()].filter((each) => each.state === 'open').length
  byId('socket-count').textContent = `${open} open`
}

// ---- What a person does.

// The line of the agent for the chosen kind of client; nil where old clients cannot reach it.
function currentLine() {
  const path = kind === 'new' ? settings.unified : agent.path
  if (!path) return null
  if (!lines.has(path)) lines.set(path, new Line(kind === 'new' ? 'all agents' : agent.name, path))
  return lines.get(path)
}

function choose(name) {
  agent = settings.agents.find((each) => each.name === name) ?? settings.agents[0]
  byId('addressee').textContent = agent.name
}

function showAgents() {
  for (const each of settings.agents) {
    const label = document.createElement('label')
    const input = document.createElement('input')
    input.type = 'radio'
    input.name = 'agent'
    input.value = each.name
    input.checked = each === settings.agents[0]
    const name = document.createElement('span')
    name.textContent = each.name
    label.append(input, name)
    byId('agents').append(label)
  }
  byId('agents').addEventListener('change', (event) => choose(event.target.value))
  choose(settings.agents[0].name)
}

function showCommands() {
  for (const [command, meaning] of COMMANDS) {
    const item = document.createElement('li')
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = command
    button.addEventListener('click', () => {
      byId('message').value = command
      byId('message').focus()
    })
    const words = document.createElement('span')
    words.textContent = meaning
    item.append(button, words)
    byId('command-list').append(item)
  }
}

function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  byId('token').value = 'chat-' + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

// Sockets are one session's own: a new one begins with none.
function leaveAll() {
  for (const line of lines.values()) {
    line.disconnect()
    line.conversations.clear()
  }
}

function problem(text) {
  byId('problem').textContent = text
  byId('problem').hidden = !text
}

async function start() {
  newToken()
  showCommands()
  try {
    const answer = await fetch('/settings.json')
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    settings = await answer.json()
    if (!settings.agents.length) throw new Error('the configuration has no routes')
  } catch (error) {
    problem(`This page does not know where the proxy is (${error.message}). Is it running? Load the page again then.`)
    byId('send').disabled = true
    return
  }
  showAgents()
  if (settings.dashboard) {
    byId('dashboard').href = settings.dashboard
    byId('dashboard').hidden = false
  }
  byId('kinds').addEventListener('change', (event) => { kind = event.target.value })
  byId('another').addEventListener('click', () => {
    newToken()
    leaveAll()
  })
  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault()
    const words = byId('message').value
    if (!words.trim()) return byId('message').focus()
    const line = currentLine()
    if (!line) return problem(`Old clients cannot reach ${agent.name}: it has no legacy endpoint.`)
    problem('')
    line.say(agent, words)
    byId('message').value = ''
    byId('message').focus()
  })
}

start()
