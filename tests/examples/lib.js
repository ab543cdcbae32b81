// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is compiled of examples/lib, by its name. */
const path = require("node:path");

const root = path.resolve(__dirname, "../..");

module.exports = (name) => require(path.resolve(root, process.env.BUILD ?? "build", "examples/lib", name));
