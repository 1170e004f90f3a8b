const { answer } = require("./addon.node");
console.log(`the addon answers ${answer()} on ${process.arch}`);
