// `tidewire/sockets/svelte`: raw sockets in a page.

export { askAction, UrlRefused } from './action-url.ts';
export { ReconnectingSocket } from './reconnecting-socket.ts';
export type { BrowserSocket, ReconnectingOptions, Sendable, SocketState, SocketStatus } from './reconnecting-socket.ts';
export type { SocketController, SocketViewProps } from './socket-props.ts';
export { SocketView, type SocketViewComponent } from './socket-view.ts';
