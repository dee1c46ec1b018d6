// `tidewire/client/bytes`: files, many values and volatile calls for code that uses no stubs, with a client of its own.

export type { FileSource, LiveFile, LiveUploadTask, LiveValues } from '../base/bytes-surface.ts';
export { download, generate } from './many-answers.ts';
export { sendBytes, upload } from './uploads.ts';
export { sendVolatile } from './volatile.ts';
