// `tidewire/sockets`: raw WebSockets beside the protocol.

export {
	WebSocketEndpointController,
	type ContinuousEndpoint,
	type ContinuousOptions,
	type ControllerOptions
} from './controller.ts';
export type { KeyLimits, SocketLimits } from './limits.ts';
export type { SocketRequestEvent } from './owner.ts';
export type { SocketParams } from './path.ts';
export type {
	SocketCloseEvent,
	SocketConnection,
	SocketData,
	SocketErrorEvent,
	SocketEventMap,
	SocketGuard,
	SocketHandler,
	SocketHooks,
	SocketListener,
	SocketListenerOptions,
	SocketMessageEvent,
	SocketRequest
} from './socket.ts';
