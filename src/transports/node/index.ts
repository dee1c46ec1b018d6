// `tidewire/node`: live sockets on any HTTP server of Node.

export { attach, type Attachment } from './attach.ts';
export { beforeClose } from './before-close.ts';
export type { Admission, AttachOptions, Authorization, Refusal, SocketServer, UpgradableServer } from './options.ts';
