export { coloured, type Tone } from './colours.ts';
export { type DataOutput, dataOutput, type JsonFlag, JsonOption, readReply } from './data.ts';
export { openProgress, type Progress } from './progress.ts';
export { printQr, qrLines } from './qr.ts';
export { type Column, printTable, visible } from './table.ts';
