// Meta's own SDK brings people into an audience of the sandbox and out of it, step by step, and writes what it was told as
// JSON.
//
//   node audience.js <folder of facebook-nodejs-business-sdk> <URL of the sandbox> <rows.json>
//
// Only the address that the SDK calls is changed: the rest of it is as it comes.
'use strict';

const fs = require('node:fs');
const [folder, base, rowsFile] = process.argv.slice(2);
const { FacebookAdsApi, AdAccount, CustomAudience } = require(folder);
Object.defineProperty(FacebookAdsApi, 'GRAPH', { get: () => base });

const rows = JSON.parse(fs.readFileSync(rowsFile, 'utf8'));
const schema = ['EXTERN_ID', 'EMAIL', 'FN'];
const payload = data => ({ schema, data });
const batch = (id, seq, last, total) => ({ session_id: id, batch_seq: seq, last_batch_flag: last, estimated_num_total: total });

// plain is what Meta answered, without what the SDK adds for itself.
const plain = object => object._data || object;

// refusal is the error document that a call ends with.
const refusal = call => call.then(
  () => { throw new Error('the call was not refused'); },
  error => ({ status: error.status, code: error.response.code, subcode: error.response.error_subcode }));

async function main() {
  FacebookAdsApi.init('a-token', 'en_US', false);
  const account = new AdAccount('act_42');
  const told = {};

  const create = name => account.createCustomAudience([], {
    name, subtype: 'CUSTOM', description: 'made by the SDK', customer_file_source: 'USER_PROVIDED_ONLY',
  });
  const audience = new CustomAudience((await create('People')).id);
  const other = new CustomAudience((await create('Others')).id);
  told.ids = [audience.id, other.id];

  told.added = [
    plain(await audience.createUser([], { payload: payload(rows.slice(0, 3)), session: batch(101, 1, false, 5) })),
    plain(await audience.createUser([], { payload: payload(rows.slice(3, 5)), session: batch(101, 2, true, 5) })),
  ];
  await other.createUser([], { payload: payload(rows.slice(0, 2)) });
  told.removed = plain(await audience.deleteUsers({ payload: payload(rows.slice(0, 1)) }));
  told.session = (await audience.getSessions(['stage', 'num_received', 'num_matched'], { session_id: 101 })).map(plain);

  told.replaced = [
    plain(await audience.createUsersReplace([], { payload: payload(rows.slice(5, 7)), session: batch(102, 1, false, 4) })),
  ];
  told.during = await refusal(audience.createUser([], { payload: payload(rows.slice(0, 1)) }));
  told.replacing = plain(await audience.get(['operation_status'])).operation_status.code;
  told.replaced.push(
    plain(await audience.createUsersReplace([], { payload: payload(rows.slice(7, 9)), session: batch(102, 2, true, 4) })));
  told.everywhere = plain(await account.deleteUsersOfAnyAudience({ payload: payload([rows[1], rows[8]]) }));

  told.read = plain(await audience.get(['name', 'description', 'account_id', 'operation_status', 'approximate_count_lower_bound']));
  const names = await account.getCustomAudiences(['name'], { limit: 1 });
  told.names = names.map(a => a.name);
  while (names.hasNext()) {
    told.names.push(...(await names.next()).map(a => a.name));
  }
  told.refused = await refusal(new CustomAudience('1').get(['name']));
  process.stdout.write(JSON.stringify(told));
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
