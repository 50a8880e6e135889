export { expressionProblem, isFoundIn, isWhole, longestMatched, longestReplaced, replaceEach } from './expression.ts';
export { openExactGlob, openGlob } from './glob.ts';
