// The channel that Node opens between a process and those that it forks (`node:cluster` and `child_process.fork`). The
// application may use it as well, so our messages are in an object under our name.

import type { Channel, ChannelListener } from './channel.ts';

/** One end: `process` in a worker; a Worker of `node:cluster` or a ChildProcess in its parent. */
export interface ProcessEnd {
	send?(message: object, handle: undefined, options: undefined, written: () => void): boolean;
	on(event: 'message', listener: (message: unknown) => void): unknown;
	on(event: 'disconnect', listener: () => void): unknown;
	off(event: 'message', listener: (message: unknown) => void): unknown;
	off(event: 'disconnect', listener: () => void): unknown;
	/** In a worker. */
	channel?: { ref?(): void; unref?(): void } | null;
}

interface Envelope {
	tidewire: unknown[];
}

export function channelTo<Out, In>(end: ProcessEnd): Channel<Out, In> {
	let listener: ChannelListener<In> | null = null;
	const onMessage = (message: unknown): void => {
		if (isEnvelope(message)) listener?.batch(message.tidewire as In[]);
	};
	const onDisconnect = (): void => listener?.ended();
	return {
		// With a callback, a channel that has closed is no error: its end is told by 'disconnect'.
		send: (batch, written) =>
			void end.send?.({ tidewire: batch } satisfies Envelope, undefined, undefined, written),
		listen(given) {
			listener = given;
			end.on('message', onMessage);
			end.on('disconnect', onDisconnect);
		},
		close() {
			listener = null;
			end.off('message', onMessage);
			end.off('disconnect', onDisconnect);
		},
		keepAlive(keeps) {
			if (keeps) end.channel?.ref?.();
			else end.channel?.unref?.();
		}
	};
}

function isEnvelope(message: unknown): message is Envelope {
	return typeof message === 'object' && message !== null && Array.isArray((message as Envelope).tidewire);
}
