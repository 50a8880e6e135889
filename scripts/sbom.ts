/**
 * `npm run sbom`: writes the bill of materials of shipped packages to `build/sbom.cdx.json` (CycloneDX). `npm run sbom
 * -- FILE` writes elsewhere; `--without-optional` leaves out packages that the image omits.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { billOfMaterials } from './bill-of-materials.ts';

const { values, positionals } = parseArgs({ options: { 'without-optional': { type: 'boolean', default: false } }, allowPositionals: true });
const [file = 'build/sbom.cdx.json'] = positionals;
const bill = billOfMaterials(values['without-optional'] ? 'development-and-optional' : 'development');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
process.stdout.write(`${file}: ${bill.components.length} packages\n`);
