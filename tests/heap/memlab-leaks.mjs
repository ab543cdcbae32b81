// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What memlab's leak finder (`memlab find-leaks`) says of three snapshots of one process: its table of objects that came between
// the first two and are still in the third, and its verdict.
// usage: memlab-leaks.mjs WORK-FOLDER BASELINE TARGET FINAL
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.NODE_PATH, 'x.js'));
const { analysis, config, fileManager } = require('@memlab/core');
const [workDir, ...files] = process.argv.slice(2);

fileManager.initDirs(config, { workDir });
Object.assign(config, { useExternalSnapshot: true, externalSnapshotFilePaths: files });
await analysis.checkLeak();
