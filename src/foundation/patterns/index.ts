export { expressionProblem, isFoundIn, isWhole, longestMatched, longestReplaced, replaceEach } from './expression.ts';
export { openGlob } from './glob.ts';
