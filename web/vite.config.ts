// SPDX-License-Identifier: Apache-2.0
// The build of the dashboard. `npm run dev` serves the sources and passes API calls on to a running `ballast serve`
// (BALLAST_SERVER, default http://127.0.0.1:8080). BALLAST_WEB_OUT sets another output folder: CMake builds into its own.
import { defineConfig } from 'vite';

const server = process.env.BALLAST_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    outDir: process.env.BALLAST_WEB_OUT ?? '../build/release/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    // ECharts is one lazily loaded piece; the shell stays small.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/healthz', '/readyz', '/metrics', '/openapi.json'].map((path) => [path, { target: server }]),
    ),
  },
});
