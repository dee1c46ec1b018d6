import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { startServer } from '../../test/support/server-harness.ts';
import { LiveError } from '../base/errors.ts';
import { live } from '../live/live.ts';
import { metrics } from './metrics.ts';

const rows = live.stream('rows', (): { id: number }[] => []);
const add = live((ctx, id: number) => ctx.publish(rows.topic(), 'created', { id }));
const odd = live((_ctx, code: string) => {
	throw new LiveError(code);
});

async function start() {
	const observer = metrics();
	const harness = await startServer({ m: { rows, add, odd } }, { observer });
	return { ...harness, observer };
}

/** The samples whose name and labels begin like this. */
const samples = (text: string, beginning: string): string[] =>
	text.split('\n').filter((line) => line.startsWith(`tidewire_${beginning}`));

describe('metrics', () => {
	it('count connections, streams, calls and events, and read what there is when they are asked', async () => {
		const { connect, clock, observer } = await start();
		const [one, other] = [await connect(), await connect()];
		await one.subscribe('m/rows');
		await other.call('m/add', 1);
		await clock.advance(0);
		await other.vanish();
		const text = await observer.text();
		const expected = [
			'connections_opened_total 2',
			'connections 1',
			'connections_closed_total{close_code="1006"} 1',
			'streams{path="m/rows"} 1',
			'topics 1',
			'call_duration_seconds_count{path="m/add",code="ok"} 1',
			'events_published_total{kind="log",code="ok"} 1',
			'publish_duration_seconds_count{kind="log"} 1',
			'events_delivered_total 1',
			'queue_bytes 0',
			'missing_events 0',
			'backplane_up 1',
			'backplane_round_trip_seconds 0'
		];
		expect(text.split('\n')).toEqual(expect.arrayContaining(expected.map((line) => `tidewire_${line}`)));
	});

	it('have no label that a client or an error could make up', async () => {
		const { connect, observer } = await start();
		const client = await connect();
		for (let number = 0; number < 20; number++) {
			await client.call(`m/made-up-${number}`);
			await client.call('m/odd', `MADE_UP_${number}`);
			await client.subscribe(`m/made-up-${number}`);
			(await connect()).socket.events?.closed(4900 + number, '');
		}
		const text = await observer.text();
		expect(text.toLowerCase()).not.toContain('made');
		expect(samples(text, 'call_duration_seconds_count')).toEqual([
			'tidewire_call_duration_seconds_count{path="",code="NOT_FOUND"} 20',
			'tidewire_call_duration_seconds_count{path="m/odd",code="APPLICATION"} 20'
		]);
		expect(samples(text, 'connections_closed_total{')).toEqual([
			'tidewire_connections_closed_total{close_code="other"} 20'
		]);
		expect(samples(text, 'streams_refused_total{')).toEqual([
			'tidewire_streams_refused_total{path="",code="NOT_FOUND"} 20'
		]);
	});

	it('stand beside those of the application in its own registry', async () => {
		const registry = new Registry();
		new Counter({ name: 'orders_total', help: 'Orders', registers: [registry] }).inc();
		const text = await metrics({ registry, prefix: 'live_' }).text();
		expect(text).toContain('orders_total 1');
		expect(text).toContain('# HELP live_connections Open connections');
	});
});
