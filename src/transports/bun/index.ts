// `tidewire/bun`: live sockets on `Bun.serve`.

export type { Admission, Authorization, Refusal, SocketServer, UpgradeOptions } from '../shared/options.ts';
export { bunSockets, type BunSocketOptions, type BunSockets, type SocketData } from './sockets.ts';
export type { BunServer, BunWebSocket, BunWebSocketHandler } from './bun.ts';
