// The public face of the browser client, for code that uses no framework and for options that any page may set.

export { LiveError, LiveError as RpcError, type ErrorCode, type ErrorDetails, type Issue } from '../base/errors.ts';
export type { LiveSnapshot } from '../base/surface.ts';
export type { BatchOptions, CallOptions, QueryOptions } from './calls.ts';
export { createClient, type BatchResults, type Client } from './client.ts';
export { batch, configure, onStatus, reconnect, status } from './default-client.ts';
export type { Environment, EnvironmentSignal } from './environment.ts';
export type { Applied, ClientHooks, ClientOptions, ClientSettings } from './options.ts';
export { onRequest, onSignal, sendMessage, type AnswerQuestion, type SignalListener } from './signals.ts';
export type { ClientSocket, ClientSocketEvents, ConnectSocket, WebSocketConstructor } from './socket.ts';
export type { ConnectionState, ConnectionStatus } from './status.ts';
export type { StreamState } from './stream-state.ts';
export type { ClientStream } from './stream.ts';
