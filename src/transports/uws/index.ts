// `tidewire/uws`: live sockets on an app of uWebSockets.js.

export type { Admission, Authorization, Refusal, SocketServer, UpgradeOptions } from '../shared/options.ts';
export { attach } from './attach.ts';
export type { AttachOptions } from './options.ts';
export type { UwsApp, UwsBehavior, UwsRequest, UwsResponse, UwsWebSocket } from './uws.ts';
