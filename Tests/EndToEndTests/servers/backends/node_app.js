// The backend on Node's ws. Like most programs of Node it has no handling of SIGTERM.
'use strict'
const fs = require('fs')
const { WebSocketServer } = require('ws')

const LIMIT = 1 << 20
const DENIAL = [429, 'slow down\n', { 'retry-after': '7', 'x-reason': 'because' }]
const GREETING = '{"type":"welcome","message":"hello"}'

const note = (word, token, ...values) =>
  fs.appendFileSync(process.env.NOTES, JSON.stringify([word, token, ...values]) + '\n')
const asked = (request) => {
  const query = new URL(request.url, 'http://localhost').searchParams
  return [query.get('session_token') || '', query.get('do') || '']
}
const reply = (message) => JSON.stringify({ type: 'response', message })
const answer = (message) => reply(`${message.length}:${message.slice(0, 20)}`)
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000))
const block = (seconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  maxPayload: LIMIT,
  verifyClient: ({ req }, done) => {
    const [, what] = asked(req)
    if (what === 'refuse') done(false, 401, 'log in\n', { 'x-reason': 'because' })
    else if (what === 'deny') done(false, ...DENIAL)
    else done(true)
  },
  handleProtocols: (offered) => [...offered].find((each) => ['v1', 'v2'].includes(each)) || false,
})
server.on('headers', (lines, request) => {
  if (asked(request)[1] === 'fields') lines.push('set-cookie: a=1', 'set-cookie: b=2', 'x-accepted: yes')
})
server.on('connection', (socket, request) => {
  const [token, what] = asked(request)
  if (what === 'greet' || what === 'shut') {
    if (what === 'greet') socket.send(GREETING)
    socket.close(4001, 'not now')
    return
  }
  socket.on('close', (code, reason) => note('closed', token, code, reason.toString()))
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const message = JSON.parse(data).message
    const [word, ...others] = message.split(' ')
    switch (word) {
      case '/raise':
        throw new Error('asked to')
      case '/return':
        return
      case '/close':
        socket.close(Number(others[0]), others.slice(1).join(' '))
        return
      case '/big':
        socket.send(reply('x'.repeat(Number(others[0]))))
        return
      case '/sleep':
        note('busy', token)
        sleep(Number(others[0])).then(() => socket.send(answer('slept')))
        return
      case '/block':
        note('busy', token)
        block(Number(others[0]))
        socket.send(answer('blocked'))
        return
      case '/offered':
        socket.send(reply(request.headers['sec-websocket-protocol'] || ''))
        return
      default:
        socket.send(answer(message))
    }
  })
})
