// Makes app.wasm: npm install && node build.mjs
import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const { component } = await componentize({
  sourcePath: 'app.js',
  witPath: 'wit',
  worldName: 'rules',
  // Without these, the component imports nothing but what its world does.
  disableFeatures: ['http', 'fetch-event', 'stdio', 'clocks', 'random'],
});
await writeFile('app.wasm', component);
