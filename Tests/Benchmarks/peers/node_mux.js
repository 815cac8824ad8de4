"use strict";
// What a team would write with ws in an afternoon: each client has one socket here, and one to each agent that it talks with,
// at the agent's own path. Replies say which agent they are from.

const http = require("http");
const { WebSocket, WebSocketServer } = require("ws");

const port = Number(process.argv[2]);
const backend = Number(process.argv[3]);

class Client {
  constructor(socket) {
    this.socket = socket;
    this.agents = new Map();
    socket.on("message", (data, isBinary) => this.hear(data, isBinary));
    socket.on("close", () => this.leave());
    socket.on("error", () => socket.terminate());
  }

  hear(data, isBinary) {
    let message = null;
    try {
      message = isBinary ? null : JSON.parse(data);
    } catch {
      // Told below.
    }
    if (typeof message?.agent_type !== "string" || !/^[a-z0-9]+$/.test(message.agent_type)) {
      return this.tell({ type: "error", code: "bad_message" });
    }
    const agent = this.agent(message.agent_type);
    if (agent.readyState === WebSocket.OPEN) agent.send(data, { binary: false });
    else agent.waiting.push(data);
  }

  agent(name) {
    const known = this.agents.get(name);
    if (known) return known;
    const agent = new WebSocket(`ws://127.0.0.1:${backend}/ws/${name}`, { perMessageDeflate: false });
    agent.waiting = [];
    this.agents.set(name, agent);
    agent.on("open", () => {
      for (const data of agent.waiting) agent.send(data, { binary: false });
      agent.waiting = [];
    });
    agent.on("message", (data) => this.answer(name, data));
    agent.on("error", () => agent.terminate());
    agent.on("close", () => {
      if (this.agents.get(name) !== agent) return;
      this.agents.delete(name);
      this.tell({ type: "error", code: "agent_lost", agent_type: name });
    });
    return agent;
  }

  answer(name, data) {
    let reply;
    try {
      reply = JSON.parse(data);
    } catch {
      return;
    }
    reply.agent_type = name;
    this.tell(reply);
  }

  tell(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  leave() {
    const agents = [...this.agents.values()];
    this.agents.clear();
    for (const agent of agents) {
      if (agent.readyState === WebSocket.OPEN) agent.close(1000);
      else agent.terminate();
    }
  }
}

const server = http.createServer((_, answer) => answer.writeHead(426).end());
const sockets = new WebSocketServer({ server, path: "/api/ws/agent", perMessageDeflate: false });
sockets.on("connection", (socket) => new Client(socket));
server.listen({ host: "127.0.0.1", port, backlog: 4096 });
