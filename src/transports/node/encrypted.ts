// Whether a request came over TLS. Bun gives plain sockets the property, too.

import type { IncomingMessage } from 'node:http';

export const isEncrypted = ({ socket }: IncomingMessage): boolean => 'encrypted' in socket && socket.encrypted === true;
