export { openPipush, type Pipush } from './protocol.ts';
export { type PipushParts, pipushPatterns, pipushRoutes } from './routes.ts';
