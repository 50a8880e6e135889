# Built: what runs, without tests and without what only development needs.
FROM node:24.21-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY providers providers
RUN npm run build
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY scripts/sbom.ts scripts/bill-of-materials.ts scripts/
RUN npm run sbom -- --without-optional sbom.cdx.json

# Run: a user of its own, nothing written outside /data.
FROM node:24.21-bookworm-slim
LABEL org.opencontainers.image.title="pushgate" \
      org.opencontainers.image.description="Push-provider gateway and challenge service for multi-factor login" \
      org.opencontainers.image.licenses="Apache-2.0"
# glibc keeps what one hour of many logins took from the system unless it is told to give it back.
ENV NODE_ENV=production MALLOC_TRIM_THRESHOLD_=131072 MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /build/package.json /build/sbom.cdx.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY config config
COPY bin bin
RUN ln -s /app/bin/pushgate.mjs /usr/local/bin/pushgate && mkdir /data && chown node:node /data
# What Node compiles of it, so that a start need not: made by a run as the user whose starts read it, and for nobody to write.
ENV NODE_COMPILE_CACHE=/app/.compiled
RUN install -d -o node .compiled && \
    setpriv --reuid=node --regid=node --clear-groups pushgate demo && \
    chown -R root:root .compiled
# The gateway, its health check and the commands that an operator types read the same configuration.
ENV PUSHGATE_CONFIG=/etc/pushgate/config.json
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["pushgate", "health"]
CMD ["pushgate", "serve"]
