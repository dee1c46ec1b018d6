import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import SocketPage from '../../../test/svelte/SocketPage.svelte';
import type { SocketController, SocketViewProps } from './socket-props.ts';
import { SocketView } from './socket-view.ts';

class StubWebSocket {
	static all: StubWebSocket[] = [];
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: ((event: { code: number; reason: string }) => void) | null = null;
	readonly sent: unknown[] = [];
	closed = false;
	readonly url: string;

	constructor(url: string | URL) {
		this.url = String(url);
		StubWebSocket.all.push(this);
	}

	send(data: unknown): void {
		this.sent.push(data);
	}

	close(): void {
		this.closed = true;
	}
}

let leave: () => Promise<void> = () => Promise.resolve();
beforeEach(() => {
	StubWebSocket.all = [];
	vi.stubGlobal('WebSocket', StubWebSocket);
});
afterEach(async () => {
	await leave();
	leave = () => Promise.resolve();
	vi.unstubAllGlobals();
});

const last = (): StubWebSocket => StubWebSocket.all.at(-1)!;
const find = (selector: string): HTMLElement | null => document.body.querySelector(selector);
const shown = (): (string | null)[] => [...document.body.querySelectorAll('[role=log] > *')].map((e) => e.textContent);

async function open(props: Partial<SocketViewProps<string>> = {}): Promise<void> {
	const component = mount(SocketView<string>, { target: document.body, props: { url: '/chat', ...props } });
	leave = () => unmount(component);
	flushSync();
	await tick();
}

function change(run: () => void): void {
	run();
	flushSync();
}

test('connects to its own origin, says so, and shows messages as text', async () => {
	await open();
	expect(last().url).toBe(new URL('/chat', location.href).href.replace('http', 'ws'));
	expect(find('[role=status]')?.textContent).toBe('Connecting…');
	change(() => last().onopen?.());
	expect(find('[role=status]')).toBeNull();
	change(() => last().onmessage?.({ data: '<b>hi</b>' }));
	expect(shown()).toEqual(['<b>hi</b>']);
	expect(find('[role=log]')?.getAttribute('aria-label')).toBe('Messages');
});

test('keeps a bounded history', async () => {
	await open({ history: 2 });
	change(() => last().onopen?.());
	for (const data of ['1', '2', '3']) change(() => last().onmessage?.({ data }));
	expect(shown()).toEqual(['2', '3']);
});

test('says that it comes back after a loss, and keeps what it has shown', async () => {
	await open();
	change(() => last().onopen?.());
	change(() => last().onmessage?.({ data: 'kept' }));
	change(() => last().onclose?.({ code: 1006, reason: '' }));
	expect(find('[role=status]')?.textContent).toBe('Connecting again…');
	expect(shown()).toEqual(['kept']);
});

test('a refusal is an alert with a button that tries again', async () => {
	await open();
	change(() => last().onclose?.({ code: 4403, reason: 'FORBIDDEN: members only' }));
	expect(find('[role=alert] p')?.textContent).toBe('FORBIDDEN: members only');
	change(() => find('button')?.click());
	await tick();
	expect(StubWebSocket.all).toHaveLength(2);
	expect(find('[role=alert]')).toBeNull();
});

test('opens by hand where it is told to, and closes when it leaves the page', async () => {
	await open({ autoOpen: false });
	expect(StubWebSocket.all).toEqual([]);
	await leave();
	leave = () => Promise.resolve();
	await open();
	await leave();
	leave = () => Promise.resolve();
	expect(last().closed).toBe(true);
});

test('a page binds its messages and its controller, and shows both its own way', async () => {
	const page = mount(SocketPage, { target: document.body });
	leave = () => unmount(page);
	flushSync();
	await tick();
	change(() => last().onopen?.());
	expect(find('#state')?.textContent).toBe('open');
	change(() => last().onmessage?.({ data: '{"text":"parsed"}' }));
	expect(shown()).toEqual(['parsed']);
	expect(find('#count')?.textContent).toBe('1');
	change(() => find('#send')?.click());
	expect(last().sent).toEqual(['sent']);
	change(() => find('#clear')?.click());
	expect(shown()).toEqual([]);
	change(() => find('#close')?.click());
	expect(find('#state')?.textContent).toBe('closed');
});

test('another address is another socket, and the former one is closed', async () => {
	const props = $state<SocketViewProps<string>>({ url: '/one' });
	const component = mount(SocketView<string>, { target: document.body, props });
	leave = () => unmount(component);
	flushSync();
	await tick();
	const [first] = StubWebSocket.all;
	change(() => (props.url = '/two'));
	await tick();
	expect(first?.closed).toBe(true);
	expect(StubWebSocket.all.map(({ url }) => new URL(url).pathname)).toEqual(['/one', '/two']);
});

test('the controller sends nothing before the socket is there', async () => {
	let controller: SocketController | undefined;
	const props: SocketViewProps<string> = {
		url: '/chat',
		autoOpen: false,
		get controller() {
			return undefined as unknown as SocketController;
		},
		set controller(given: SocketController) {
			controller = given;
		}
	};
	const component = mount(SocketView<string>, { target: document.body, props });
	leave = () => unmount(component);
	flushSync();
	expect(controller?.send('x')).toBe(false);
	controller?.open();
	await tick();
	expect(StubWebSocket.all).toHaveLength(1);
});
