// Normalises and hashes the rows of a CSV as one does it in Node.js, and prints the seconds that took without reading.
const { createHash } = require("node:crypto");
const { createReadStream } = require("node:fs");
const { createInterface } = require("node:readline");

const [path, rows] = process.argv.slice(1);
const digest = (text) => (text ? createHash("sha256").update(text).digest("hex") : "");
const name = (text) => text.trim().toLowerCase().replace(/[^a-z]/g, "");

async function main() {
  const table = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (table.length > Number(rows)) break;
    table.push(line.split(","));
  }
  table.shift();
  const started = process.hrtime.bigint();
  for (const row of table) {
    const [month, day, year] = row[4].split("/");
    [
      row[1].trim().toLowerCase(), "1" + row[2].replace(/[^0-9]/g, ""), row[3].trim().toLowerCase(), year, month, day,
      name(row[5]), name(row[6]), name(row[7]), name(row[8]), row[9].trim().slice(0, 5), row[11].trim().toLowerCase(),
    ].map(digest);
  }
  console.log(Number(process.hrtime.bigint() - started) / 1e9);
}
main();
