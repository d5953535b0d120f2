import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const { component } = await componentize({ sourcePath: 'web.js', witPath: 'wit', worldName: 'web' });
await writeFile('web.wasm', component);
