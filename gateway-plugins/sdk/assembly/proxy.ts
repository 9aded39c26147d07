// Every callback. Simplest for a plugin's entry file: export * from '@hiclaw/proxy-wasm/assembly/proxy';
// The host calls whatever is exported, so a plugin that wants speed re-exports only the files it needs.
export * from './callbacks/core';
export * from './callbacks/done';
export * from './callbacks/request';
export * from './callbacks/response';
export * from './callbacks/background';
export * from './callbacks/calls';
export * from './callbacks/tcp';
