# One image for every service: the command says which (node api/main.ts --domains search, node workers/main.ts …).

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package that runs here needs an install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  # Temporal's native part comes for five platforms; this image is one of them.
  && case "$(uname -m)" in x86_64) keep=x86_64-unknown-linux-gnu ;; aarch64) keep=aarch64-unknown-linux-gnu ;; *) exit 1 ;; esac \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$keep" -exec rm -rf {} +
COPY . .
RUN node workers/build-bundle.ts workflows.bundle.js

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    METRICS_PORT=3000 \
    WORKFLOW_BUNDLE=/app/workflows.bundle.js
# Owned by root and only read: nothing is written into the image when it runs.
COPY --from=build /app ./
USER node
EXPOSE 3000
# APIs and workers answer at the same port. The base image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))"]
CMD ["node", "api/main.ts"]
