import { stripTypeScriptTypes } from 'node:module';
import { type Node, parse } from 'acorn';

/** The function that tsc puts around the specifier of a dynamic `import()`. */
const rewriter = '__rewriteRelativeImportExtension';
/** Keys that describe position and spelling, without effect on behaviour. */
const forms = new Set(['start', 'end', 'raw']);

/**
 * The first difference between a built file and its source without types; undefined if they are the same program.
 * Comments, white space, parentheses, and `.ts` or `.js` at the end of a relative import do not count.
 * @returns both places as text
 */
export function difference(source: string, built: string): string | undefined {
  const plain = stripTypeScriptTypes(source);
  const found = unlike(normal(treeOf(plain)), normal(treeOf(built)));
  if (found === undefined) return undefined;
  return found === 'here' ? 'differs as a whole' : `${excerpt(plain, found[0])} <> ${excerpt(built, found[1])}`;
}

type Tree = { [key: string]: unknown };

const treeOf = (code: string): Node => parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !(value instanceof RegExp);

/** The tree without tsc's additions, with one spelling of relative imports. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => !isAddition(each)).map(normal);
  if (!isTree(value)) return typeof value === 'bigint' ? `${value}n` : value;
  if (value.type === 'CallExpression' && isTree(value.callee) && value.callee.name === rewriter && Array.isArray(value.arguments))
    return normal(value.arguments[0]);
  const entries = Object.entries(value).map(([key, each]) => [key, key === 'source' ? sourceOf(each) : normal(each)] as const);
  return Object.fromEntries(entries);
}

const sourceOf = (literal: unknown): unknown =>
  isTree(literal) && typeof literal.value === 'string' && literal.value.startsWith('.')
    ? { ...literal, value: literal.value.replace(/\.[jt]s$/, '') }
    : normal(literal);

/** An empty `export {}`, which only marks a module, and the function around specifiers. */
function isAddition(statement: unknown): boolean {
  if (!isTree(statement)) return false;
  if (statement.type === 'ExportNamedDeclaration')
    return !statement.declaration && !statement.source && Array.isArray(statement.specifiers) && statement.specifiers.length === 0;
  const [declared] = statement.type === 'VariableDeclaration' && Array.isArray(statement.declarations) ? statement.declarations : [];
  return isTree(declared) && isTree(declared.id) && declared.id.name === rewriter;
}

/** The smallest parts of two programs that differ. */
function unlike(one: unknown, other: unknown): [Tree, Tree] | 'here' | undefined {
  if (!isTree(one) || !isTree(other)) return typeof one === typeof other && String(one) === String(other) ? undefined : 'here';
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = forms.has(key) ? undefined : unlike(one[key], other[key]);
    if (found !== undefined) return found === 'here' && 'start' in one && 'start' in other ? [one, other] : found;
  }
  return undefined;
}

const longestExcerpt = 80;
const excerpt = (code: string, { start, end }: Tree): string =>
  code.slice(Number(start), Math.min(Number(end), Number(start) + longestExcerpt));
