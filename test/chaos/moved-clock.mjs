// Preloaded into a gateway: its clock is this far from the machine's (ms).
const { now } = Date;
const aheadMs = Number(process.env.PUSHGATE_CHAOS_CLOCK_MS ?? 0);
Date.now = () => now() + aheadMs;
