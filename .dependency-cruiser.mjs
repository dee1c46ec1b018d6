// The layers of `src`: which folder may import which, and which folder owns which third-party package. The tables
// below are the rules; everything under them only turns the tables into what dependency-cruiser reads. Tests are
// free of the layers: they may import any part of `src`.

/** What each folder may import besides itself. A path to one file allows that file alone. */
const LAYERS = {
	base: [],
	protocol: ['base'],
	server: ['base', 'protocol'],
	client: ['base', 'protocol'],
	features: ['base', 'protocol', 'server'],
	live: ['base', 'protocol', 'server', 'features'],
	transports: ['base', 'protocol', 'server/transport.ts'],
	// topic.ts: what is published in a transaction of the app is typed like what `ctx.publish` takes.
	backplanes: ['base', 'protocol', 'server/backplane.ts', 'server/shared-store.ts', 'server/topic.ts'],
	'sync/client': ['base', 'protocol', 'client'],
	'sync/server': ['base', 'protocol', 'server'],
	svelte: ['base', 'client', 'sync/client'],
	react: ['base', 'client', 'sync/client'],
	sockets: ['base', 'server'],
	metrics: ['base', 'server/observer.ts'],
	operator: ['base', 'server'],
	kit: ['base', 'server', 'features', 'svelte', 'sockets', 'transports', 'backplanes/memory', 'backplanes/cluster'],
	vite: ['base'],
	cli: ['base', 'backplanes/cluster', 'backplanes/postgres/migrations.ts', 'backplanes/postgres/trigger-sql.ts'],
	devtools: ['base', 'protocol', 'client'],
	testing: [
		'base',
		'protocol',
		'server',
		'client',
		'features',
		'transports',
		'backplanes',
		'sync/client',
		'sync/server',
		'svelte',
		'react',
		'sockets'
	]
};

/** The one folder that imports each third-party package (types included). */
const OWNERS = {
	devalue: 'protocol',
	croner: 'features/cron',
	'@standard-schema/spec': 'server',
	svelte: 'svelte',
	'@sveltejs/kit': 'kit',
	vite: 'vite',
	'fast-check': 'testing',
	pg: 'backplanes/postgres',
	'pg-logical-replication': 'backplanes/postgres',
	'@nats-io/transport-node': 'backplanes/nats',
	'prom-client': 'metrics',
	'@opentelemetry/api': 'metrics'
};

/** The only folders that may import a builtin module of Node: everything else runs in browsers and workers too. */
const NODE_FOLDERS = [
	'transports/node',
	'backplanes/sqlite',
	'backplanes/cluster',
	'backplanes/nats',
	'kit',
	'vite',
	'cli',
	'testing'
];

/** Folders whose members never import each other; the named member composes the others. All may import `shared`. */
const SEPARATE = { features: 'rooms', transports: null, backplanes: 'cluster' };

const TESTS = '\\.(test|test-d)\\.ts$';
const escape = (text) => text.replaceAll(/[.\\/]/g, '\\$&');
const inFolder = (folder) => `^src/${escape(folder)}${folder.endsWith('.ts') ? '$' : '/'}`;

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
	name: `layer-${folder.replace('/', '-')}`,
	comment: `${folder} may import ${allowed.join(', ') || 'nothing'}`,
	severity: 'error',
	from: { path: inFolder(folder), pathNot: TESTS },
	to: { path: '^src/', pathNot: [folder, ...allowed].map(inFolder) }
}));

const ownerRules = Object.entries(OWNERS).map(([name, folder]) => ({
	name: `owner-${name}`,
	comment: `${name} is imported in src/${folder} only`,
	severity: 'error',
	from: { path: '^src/', pathNot: [TESTS, inFolder(folder)] },
	to: { path: `node_modules/(@types/)?${escape(name)}/` }
}));

// The name of a member is its folder or its file without the extension.
const separationRules = Object.entries(SEPARATE).map(([folder, composer]) => ({
	name: `separate-${folder}`,
	comment: `the parts of ${folder} do not import each other${composer ? ` (${composer} composes them)` : ''}`,
	severity: 'error',
	from: {
		path: `^src/${folder}/([^/.]+)`,
		pathNot: [TESTS, ...(composer ? [`^src/${folder}/${composer}[/.]`] : [])]
	},
	to: { path: `^src/${folder}/`, pathNot: [`^src/${folder}/$1[/.]`, `^src/${folder}/shared/`] }
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
	forbidden: [
		...layerRules,
		...ownerRules,
		...separationRules,
		{
			name: 'known-folder',
			comment: 'every folder of src has a row in LAYERS (.dependency-cruiser.mjs)',
			severity: 'error',
			from: { path: '^src/', pathNot: [TESTS, ...Object.keys(LAYERS).map(inFolder)] },
			to: {}
		},
		{
			name: 'known-package',
			comment: 'every third-party package has an owner in OWNERS (.dependency-cruiser.mjs)',
			severity: 'error',
			from: { path: '^src/', pathNot: TESTS },
			to: {
				path: 'node_modules/',
				pathNot: Object.keys(OWNERS).map((name) => `node_modules/(@types/)?${escape(name)}/`)
			}
		},
		{
			name: 'no-cycle',
			comment: 'no file imports itself by way of others, not even for a type',
			severity: 'error',
			from: {},
			to: { circular: true }
		},
		{
			name: 'no-index',
			comment: 'an index.ts is the door for users: inside, import the file that has the thing',
			severity: 'error',
			from: { path: '^src/', pathNot: TESTS },
			to: { path: '^src/.*/index\\.ts$' }
		},
		{
			name: 'no-node-builtin',
			comment: `only ${NODE_FOLDERS.join(', ')} may import a module of Node`,
			severity: 'error',
			from: { path: '^src/', pathNot: [TESTS, ...NODE_FOLDERS.map(inFolder)] },
			to: { dependencyTypes: ['core'] }
		},
		{
			name: 'no-test-in-product',
			comment: 'what is published does not import a test',
			severity: 'error',
			from: { path: '^src/', pathNot: TESTS },
			to: { path: [TESTS, '^test/'] }
		},
		{
			name: 'resolvable',
			comment: 'every import leads somewhere',
			severity: 'error',
			from: { path: '^src/' },
			// Given by Vite and SvelteKit in the app.
			to: { couldNotResolve: true, pathNot: ['^virtual:', '^\\$app/', '^\\$env/'] }
		}
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		enhancedResolveOptions: {
			exportsFields: ['exports'],
			conditionNames: ['types', 'import', 'svelte', 'node', 'default'],
			extensions: ['.ts', '.js', '.svelte', '.d.ts']
		},
		skipAnalysisNotInRules: false
	}
};
