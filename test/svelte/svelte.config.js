// For editors and svelte-check alone: some components of the tests await in their templates.
export default { compilerOptions: { experimental: { async: true } } };
