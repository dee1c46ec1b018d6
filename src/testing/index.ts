// `tidewire/testing`: an environment for tests of live modules, and the contracts of what can be replaced.

export { createTestEnv, type ConnectOptions, type TestEnv, type TestEnvOptions } from './test-env.ts';
export type { TestClient } from './test-client.ts';
export type { TestEvent, TestStream } from './test-stream.ts';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
export { backplaneContract, type BackplaneHarness } from './backplane-contract.ts';
export { transportContract, type ContractTest, type RawClient, type TransportHarness } from './transport-contract.ts';
