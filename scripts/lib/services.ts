// Finds the servers that the backplanes are tested against, or installs them with the system's package manager when this
// process may do that. Tests start private ones of their own; whatever the package starts by itself is not used.
import { existsSync, globSync } from 'node:fs';
import { aptInstall } from './apt.ts';

export type ServiceName = 'Redis' | 'PostgreSQL' | 'NATS';

interface Service {
	name: ServiceName;
	/** The variable that names its program for the tests; set by hand it wins. */
	variable: string;
	/** Where its program is found; the last one of a pattern. */
	places: string[];
	package: string;
}

const SERVICES: Service[] = [
	{
		name: 'Redis',
		variable: 'REDIS_SERVER',
		places: ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'],
		package: 'redis-server'
	},
	{
		name: 'PostgreSQL',
		variable: 'POSTGRES',
		places: ['/usr/lib/postgresql/*/bin/postgres', '/usr/local/bin/postgres', '/opt/homebrew/bin/postgres'],
		package: 'postgresql'
	},
	{
		name: 'NATS',
		variable: 'NATS_SERVER',
		places: [
			'/usr/sbin/nats-server',
			'/usr/bin/nats-server',
			'/usr/local/bin/nats-server',
			'/opt/homebrew/bin/nats-server'
		],
		package: 'nats-server'
	}
];

export interface Services {
	/** The programs that were found, for the environment of the tests. */
	env: Record<string, string>;
	/** Why others are missing. */
	missing: string[];
}

/** The programs that are here, by the name of their service. */
export function findServices(): Map<ServiceName, string> {
	const found = SERVICES.map((service) => [service.name, process.env[service.variable] ?? find(service)] as const);
	return new Map(found.flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const])));
}

export async function findOrInstallServices(): Promise<Services> {
	const services: Services = { env: {}, missing: [] };
	for (const service of SERVICES) {
		const found = await findOrInstall(service);
		if ('path' in found) services.env[service.variable] = found.path;
		else services.missing.push(found.missing);
	}
	return services;
}

async function findOrInstall(service: Service): Promise<{ path: string } | { missing: string }> {
	const chosen = process.env[service.variable];
	if (chosen && !existsSync(chosen)) return { missing: `${service.variable} names no file: ${chosen}` };
	const path = chosen ?? find(service);
	if (path) return { path };
	const reason = await aptInstall(service.name, [service.package]);
	if (reason) return { missing: `${reason}: set ${service.variable}` };
	const installed = find(service);
	return installed ? { path: installed } : { missing: `the package ${service.package} brought no server` };
}

const find = ({ places }: Service): string | undefined => places.flatMap((place) => globSync(place).toSorted()).at(-1);
