import assert from 'node:assert/strict';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../../src/foundation/model/index.ts';
import { openRunner } from '../../../src/store/mongodb/session.ts';
import { defects, type ErrorShape, outages } from '../../kit/outages.ts';

describe('An operation of the MongoDB store that fails', () => {
  const runner = openRunner({ limitMs: 1000 });
  const failing = (error: unknown): Promise<unknown> => runner.run('decide', () => Promise.reject(error)).catch((fault: unknown) => fault);

  const ofDriver = new MongoNetworkError('connection 3 to 10.0.0.5:27017 closed');
  const ofServer = new MongoServerError({ message: 'not primary', code: 10107, codeName: 'NotWritablePrimary' });
  const more: Omit<ErrorShape, 'means'>[] = [
    { title: 'an error of the driver', error: ofDriver },
    { title: 'an error of the driver as a cause', error: new Error('failed', { cause: ofDriver }) },
    { title: 'an error of the driver among several', error: new AggregateError([new Error('another'), ofDriver]) },
    { title: 'a server that steps down', error: ofServer },
    { title: 'a server that steps down, as a cause', error: new Error('failed', { cause: ofServer }) },
  ];

  it('is an outage where the connection or the server failed, whatever the class of the error', async () => {
    for (const { title, error } of [...outages, ...more]) {
      const fault = await failing(error);
      assert.ok(fault instanceof GatewayFault, title);
      assert.equal(fault.code, 'store-unavailable', title);
      assert.match(fault.message, /^MongoDB failed at decide: \w+/, title);
      assert.doesNotMatch(fault.message, /10\.0\.0\.5/, 'hosts are for the log');
    }
  });

  it('is a defect where the command was wrong, whatever reason the server gives', async () => {
    const epipe = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const refused = Object.assign(new MongoServerError({ message: 'bad', code: 2, codeName: 'BadValue' }), { cause: epipe });
    for (const error of [refused, new Error('failed', { cause: refused })]) {
      const fault = await failing(error);
      assert.ok(fault instanceof Error && !(fault instanceof GatewayFault));
      assert.equal(fault.message, 'MongoDB refused decide: BadValue (2)');
    }
    for (const { title, error } of defects) assert.equal(await failing(error), error, title);
  });

  it('keeps a fault that was already translated', async () => {
    const told = new GatewayFault('config-invalid', 'told', outages[0]?.error);
    assert.equal(await failing(told), told);
  });
});
