import type { Context } from 'koa';
import { encodingOf, maxBodyBytes, parameterNamed, readText } from '../../http/index.ts';
import { PiFault } from './errors.ts';

const maxFields = 200;

/**
 * The fields of a multipart body; files are ignored. Throws 905 for a broken body, and `UndecodableText` like
 * `readText`.
 */
export async function multipartFields(ctx: Context, body: Buffer): Promise<[name: string, value: string][]> {
  const fields = await rawFields(ctx, body);
  return fields.map(([name, bytes]) => [name, readText(bytes, encodingOf(ctx), parameterNamed(name))]);
}

/**
 * Parses every part as a file: only then does the parser return bytes instead of text with U+FFFD for invalid UTF-8.
 */
async function rawFields(ctx: Context, body: Buffer): Promise<[name: string, bytes: Buffer][]> {
  const { Busboy } = await import('@fastify/busboy');
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new PiFault('parameter', 'The multipart body is broken.'));
    const fields: [string, Buffer][] = [];
    try {
      const parser = new Busboy({
        headers: { ...ctx.req.headers, 'content-type': ctx.get('content-type') },
        isPartAFile: () => true,
        limits: { files: maxFields, fileSize: maxBodyBytes },
      });
      parser.on('file', (name, stream, filename, _encoding, type) => {
        // A part may have no name, unlike the parser's types say.
        const isField = typeof name === 'string' && filename === undefined && type !== 'application/octet-stream';
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', broken);
        stream.on('end', () => isField && fields.push([name, Buffer.concat(chunks)]));
      });
      parser.on('error', broken).on('finish', () => resolve(fields));
      parser.end(body);
    } catch {
      broken();
    }
  });
}
