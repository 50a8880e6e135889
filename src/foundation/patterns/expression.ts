import type { RE2JS } from 're2js';
import { openCache } from '../cache/index.ts';
import { onFirstUse } from '../lazy/index.ts';

/**
 * The longest text that rules are matched against, in characters. A longer text is refused: a rule must not judge part
 * of a text.
 */
export const longestMatched = 4096;

/**
 * The longest text for replacements. One search takes time linear in the text; a replacement searches again after each
 * match, so its time is quadratic.
 */
export const longestReplaced = 1024;

/** Loaded with the first expression: many configurations have none. */
const re2js = onFirstUse<typeof import('re2js')>('re2js');

const compiled = openCache<RE2JS>(1000);

/** Compiles an expression and caches it. */
function expression(source: string): RE2JS {
  const known = compiled.get(source);
  if (known) return known;
  const fresh = re2js().RE2JS.compile(source);
  compiled.set(source, fresh);
  return fresh;
}

/** Whether the expression is found anywhere in the text. Throws for a source that `expressionProblem` refuses. */
export const isFoundIn = (source: string, text: string): boolean => expression(source).test(text);

/** Whether the expression matches the whole text. Throws for a source that `expressionProblem` refuses. */
export const isWhole = (source: string, text: string): boolean => expression(source).testExact(text);

/**
 * The text with each match replaced by `replacement(groups)`. Group 0 is the match; a group that did not participate is
 * empty.
 */
export function replaceEach(source: string, text: string, replacement: (groups: readonly string[]) => string): string {
  let at = 0;
  let changed = '';
  for (const match of expression(source).matchAll(text)) {
    const { index = at } = match;
    changed += text.slice(at, index) + replacement(Array.from(match, (group: string | undefined) => group ?? ''));
    at = index + match[0].length;
  }
  return changed + text.slice(at);
}

/** Syntax that RE2 lacks or spells differently, with the alternative. */
const instead: readonly (readonly [mark: RegExp, problem: string])[] = [
  [
    /^\(\?<?[=!]/,
    'looks ahead or behind, which is not supported; match the rest too, or exclude by a second condition with "!" before its comparator',
  ],
  [/^\\[1-9k]/, 'refers back to a group, which is not supported; write out what the group may hold'],
  [
    /^\(\?>|^[*+?}]\+/,
    'has a possessive repeat or group, which is not supported; leave its mark out, since nothing is ever tried twice here',
  ],
  [/^\\[pP]\{[^}]*=/, 'names a Unicode property with "="; write its value alone, such as \\p{Greek}'],
  [/^\\u/, 'writes a character as \\u…; write it as \\x{0041}, with its hex digits in braces'],
  [/^\[\^\]/, 'has [^], which is not supported; write (?s:.) for any character'],
  [/^\{\d*,?\d{4,}/, 'repeats more than 1000 times, which is not supported; write + or *'],
];

/**
 * Why a text is not a valid regular expression here, with an alternative; undefined for a valid one. The syntax is
 * RE2's: matching takes time linear in the text, so no input can stall the gateway.
 * @see docs/policies.md
 */
export function expressionProblem(source: string): string | undefined {
  try {
    return expression(source) && undefined;
  } catch (error) {
    if (!(error instanceof re2js().RE2JSException)) throw error;
    const places = placesOf(source);
    const known = instead.find(([mark]) => places.some((rest) => mark.test(rest)));
    return known?.[1] ?? `is not a regular expression: ${error.message.replace('error parsing regexp: ', '')}`;
  }
}

const longestMark = 16;

/** The beginnings of all tokens of an expression: outside of character classes and not escaped. */
function placesOf(source: string): string[] {
  const places: string[] = [];
  let isInClass = false;
  for (let at = 0; at < source.length; at += source[at] === '\\' ? 2 : 1) {
    if (!isInClass) places.push(source.slice(at, at + longestMark));
    if (source[at] === '[') isInClass = true;
    else if (source[at] === ']') isInClass = false;
  }
  return places;
}
