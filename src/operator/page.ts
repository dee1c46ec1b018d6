// The operator's page: HTML that needs no build and works without a script. With one it is brought up to date by itself,
// unless somebody types, has opened something, or asked it not to.

import type { Overview, ProcessReport, SlowReport, TopicReport } from '../server/processes/operations.ts';
import { html, Html } from './html.ts';
import { STYLE } from './style.ts';

/** What was done; a word of ours, never one of a request. */
export type Notice = 'revoked' | 'draining' | 'silent';

const NOTICES: Record<Notice, string> = {
	revoked: 'The sessions of this user end everywhere within a second.',
	draining: 'The process takes nobody new. Its clients connect to another one.',
	silent: 'The process did not answer. It may be gone.'
};

const STATES: Record<ProcessReport['state'], string> = {
	ready: 'ready',
	starting: 'starting',
	draining: 'draining',
	'no-backplane': 'backplane away'
};

const SCRIPT = `
const box = document.querySelector('#auto');
box.closest('label').hidden = false;
const busy = () => !box.checked || document.hidden || document.querySelector('details[open]') ||
	document.activeElement?.closest('main');
setInterval(async () => {
	if (busy()) return;
	const response = await fetch(location.pathname, { headers: { accept: 'text/html' } }).catch(() => null);
	const next = response?.ok && new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
	if (next && !busy()) document.querySelector('main').replaceWith(next);
}, 5000);
`;

/** @param nonce allows the page's own style and script, and nothing else */
export function pageOf({ processes, silent }: Overview, own: { nonce: string; notice: Notice | null }): string {
	const total = processes.reduce((sum, { connections }) => sum + connections, 0);
	const page = html`<!doctype html>
		<html lang="en">
			<head>
				<meta charset="utf-8" />
				<meta name="viewport" content="width=device-width, initial-scale=1" />
				<meta name="robots" content="noindex" />
				<title>tidewire: processes</title>
				<style nonce="${own.nonce}">
					${new Html(STYLE)}
				</style>
			</head>
			<body>
				<div class="wrap">
					<header>
						<h1>Live processes</h1>
						<label class="check soft" hidden
							><input type="checkbox" id="auto" checked /> Refresh every 5 seconds</label
						>
					</header>
					<main>
						${own.notice === null ? '' : html`<p class="card notice" role="status">${NOTICES[own.notice]}</p>`}
						<p class="soft">
							${count(processes.length + silent.length, 'process', 'processes')},
							${count(total, 'connection', 'connections')}
						</p>
						<div class="grid">
							${processes.map((process, index) => card(process, index === 0))}
							${silent.map((id) => silentCard(id))}
						</div>
						${revokeForm()}
					</main>
				</div>
				<script nonce="${own.nonce}">
					${new Html(SCRIPT)};
				</script>
			</body>
		</html> `;
	return page.text;
}

function card(process: ProcessReport, isThis: boolean): Html {
	const { id, state, connections, pendingCalls, queuedBytes, topicCount } = process;
	return html`<article class="card" aria-labelledby="p-${id}">
		<div class="head">
			<h2 id="p-${id}" class="mono">${id}</h2>
			<span class="state ${state}">${STATES[state]}</span>
		</div>
		<p class="soft">up ${duration(process.uptimeMs)}${isThis ? ' · answered this page' : ''}</p>
		<dl>
			${fact('Connections', connections)}${fact('Calls', pendingCalls)}${fact('Waiting', bytes(queuedBytes))}${fact('Topics', topicCount)}
		</dl>
		${slowTable(process.slow)} ${topicTable(process.topics)} ${state === 'draining' ? '' : drainForm(id)}
	</article>`;
}

const fact = (name: string, value: string | number): Html =>
	html`<div>
		<dt>${name}</dt>
		<dd>${value}</dd>
	</div>`;

function slowTable(slow: readonly SlowReport[]): Html {
	if (slow.length === 0) return html``;
	return html`<h3>Slow consumers</h3>
		<table>
			<thead>
				<tr>
					<th scope="col">User and connection</th>
					<th scope="col" class="number">Waiting</th>
					<th scope="col"><span class="unseen">Action</span></th>
				</tr>
			</thead>
			<tbody>
				${slow.map(slowRow)}
			</tbody>
		</table>`;
}

function slowRow({ connection, user, queuedBytes }: SlowReport): Html {
	return html`<tr>
		<td class="mono">${user ?? 'visitor'}<br /><span class="soft">${connection}</span></td>
		<td class="number">${bytes(queuedBytes)}</td>
		<td class="number">${user === null ? '' : revokeButton(user)}</td>
	</tr>`;
}

/** The type counts: the user 7 is not the user "7". */
function revokeButton(user: string | number): Html {
	return html`<form method="post">
		<input type="hidden" name="action" value="revoke" /><input
			type="hidden"
			name="id"
			value="${JSON.stringify(user)}"
		/>
		<button aria-label="Revoke the sessions of ${user}">Revoke</button>
	</form>`;
}

function topicTable(topics: readonly TopicReport[]): Html {
	if (topics.length === 0) return html``;
	const rows = topics.map(
		({ name, readers, offset }) =>
			html`<tr>
				<td class="mono">${name}</td>
				<td class="number">${readers}</td>
				<td class="number">${offset}</td>
			</tr>`
	);
	return html`<h3>Topics</h3>
		<table>
			<thead>
				<tr>
					<th scope="col">Name</th>
					<th scope="col" class="number">Readers</th>
					<th scope="col" class="number">Offset</th>
				</tr>
			</thead>
			<tbody>
				${rows}
			</tbody>
		</table>`;
}

function drainForm(id: string): Html {
	return html`<details>
		<summary>Drain this process</summary>
		<p>
			It finishes its calls, takes nobody new, and its clients connect to another process. It serves nobody until
			it is started again.
		</p>
		<form method="post">
			<input type="hidden" name="action" value="drain" /><input type="hidden" name="process" value="${id}" />
			<button class="danger">Drain now</button>
		</form>
	</details>`;
}

function silentCard(id: string): Html {
	return html`<article class="card">
		<div class="head">
			<h2 class="mono">${id}</h2>
			<span class="state silent">no answer</span>
		</div>
		<p class="soft">It entered itself a few seconds ago and does not answer.</p>
	</article>`;
}

function revokeForm(): Html {
	return html`<section class="card" aria-labelledby="revoke">
		<h2 id="revoke">Revoke a user</h2>
		<p class="soft">
			Ends the user's connections everywhere. They connect again at once and are asked who they are: end the
			session first.
		</p>
		<form method="post" class="line">
			<input type="hidden" name="action" value="revoke" />
			<label>Id of the user<input name="user" required autocomplete="off" spellcheck="false" /></label
			><button class="danger">Revoke</button>
		</form>
	</section>`;
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

function bytes(number: number): string {
	if (number < 1_000) return `${number} B`;
	return number < 1_000_000 ? `${(number / 1_000).toFixed(1)} kB` : `${(number / 1_000_000).toFixed(1)} MB`;
}

function duration(milliseconds: number): string {
	const minutes = Math.floor(milliseconds / 60_000);
	if (minutes < 1) return `${Math.floor(milliseconds / 1_000)} s`;
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
