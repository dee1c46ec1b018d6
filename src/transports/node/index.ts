// `tidewire/node`: live sockets on any HTTP server of Node.

export { attach, type Attachment } from './attach.ts';
export { beforeClose } from './before-close.ts';
export type { Admission, Authorization, Refusal, SocketServer, UpgradeOptions } from '../shared/options.ts';
export type { AttachOptions, UpgradableServer } from './options.ts';
