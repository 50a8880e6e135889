import { type CommandNode, everyNode, type OptionNode } from './command-tree.ts';

const program = 'pushgate';

/** The scripts that complete commands, options and values, by shell. They never start `pushgate`. */
export const completionScripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

const help: OptionNode = { long: '--help', short: '-h', takesFile: false, choices: [], description: 'show help', isRequired: false };

const optionsOf = ({ options }: CommandNode): OptionNode[] => [...options, help];
const spellings = ({ short, long }: OptionNode): string[] => (short === undefined ? [long] : [short, long]);
const fullPath = ({ path }: CommandNode): string => `${program} ${path}`.trim();
const firstSentence = (text: string): string => text.split(/(?<=[.;:]) |\n/)[0]?.replace(/[.;:]$/, '') ?? '';

/** Quotes a text for a shell, with single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `case` lines that match the words of a command; `path` is the variable with the words so far. */
const pathCases = (root: CommandNode): string =>
  [...everyNode(root)].flatMap(({ children }) => children.map((child) => quoted(fullPath(child)))).join(' | ');

/** `case` lines for each option with a value: what to complete after it. */
const valueCases = (root: CommandNode, acts: { choices(words: readonly string[]): string; files: string; nothing: string }): string[] =>
  [...everyNode(root)].flatMap((node) =>
    node.options
      .filter(({ value }) => value !== undefined)
      .map((option) => {
        const act = option.choices.length > 0 ? acts.choices(option.choices) : option.takesFile ? acts.files : acts.nothing;
        return `    ${spellings(option)
          .map((word) => quoted(`${fullPath(node)} ${word}`))
          .join(' | ')}) ${act} ;;`;
      }),
  );

const wordsOf = (node: CommandNode): string[] => [
  ...node.children.map(({ path }) => path.split(' ').at(-1) ?? ''),
  ...optionsOf(node).map(({ long }) => long),
];

const takesFile = (node: CommandNode): boolean => node.arguments.some((argument) => argument.takesFile);

/** The allowed values of a command's arguments. */
const argumentWords = (node: CommandNode): readonly string[] => node.arguments.flatMap(({ choices }) => choices);

function bashScript(root: CommandNode): string {
  const words = [...everyNode(root)].map(
    (node) =>
      `      ${quoted(fullPath(node))}) words=${quoted([...wordsOf(node), ...argumentWords(node)].join(' '))}${takesFile(node) ? ' files=yes' : ''} ;;`,
  );
  const values = valueCases(root, { choices: (all) => `words=${quoted(all.join(' '))}`, files: 'files=yes', nothing: 'return' });
  return `# Completion of ${program} for bash, made by: ${program} completion bash
_${program}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=${program} words= files= index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$command \${COMP_WORDS[index]}" in
    ${pathCases(root)}) command="$command \${COMP_WORDS[index]}" ;;
    esac
  done
  case "$command $previous" in
${values.join('\n')}
    *) case "$command" in
${words.join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ -n "$files" ]; then
    local IFS=$'\\n'
    compopt -o filenames 2> /dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _${program} ${program}`;
}

function zshScript(root: CommandNode): string {
  const described = (words: [string, string][]): string => words.map(([word, text]) => quoted(`${word}:${firstSentence(text)}`)).join(' ');
  const entries = [...everyNode(root)].map((node) => {
    const commands = node.children.map(({ path, summary }): [string, string] => [path.split(' ').at(-1) ?? '', summary]);
    const plain = argumentWords(node).map((word): [string, string] => [word, '']);
    const options = optionsOf(node).map(({ long, description }): [string, string] => [long, description]);
    return `    ${quoted(fullPath(node))}) commands=(${described([...commands, ...plain])}) options=(${described(options)})${takesFile(node) ? ' files=yes' : ''} ;;`;
  });
  const values = valueCases(root, {
    choices: (all) => `compadd -- ${all.map(quoted).join(' ')}; return`,
    files: '_files; return',
    nothing: 'return',
  });
  return `#compdef ${program}
# Completion of ${program} for zsh, made by: ${program} completion zsh
_${program}() {
  local command=${program} word files=
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command $word" in
    ${pathCases(root)}) command="$command $word" ;;
    esac
  done
  case "$command \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$command" in
${entries.join('\n')}
  esac
  [[ -n "$files" ]] && _files
  (( \${#commands} )) && _describe -t commands command commands
  _describe -o -t options option options
}
if [[ "\${funcstack[1]}" == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`;
}

function fishScript(root: CommandNode): string {
  const lines = [...everyNode(root)].flatMap((node) => {
    const here = `complete -c ${program} -n ${quoted(`__${program}_at ${node.path}`.trim())}`;
    return [
      ...node.children.map(
        ({ path, summary }) => `${here} -a ${quoted(path.split(' ').at(-1) ?? '')} -d ${quoted(firstSentence(summary))}`,
      ),
      ...(argumentWords(node).length > 0 ? [`${here} -a ${quoted(argumentWords(node).join(' '))}`] : []),
      ...(takesFile(node) ? [`${here} -F`] : []),
      ...optionsOf(node).map((option) => `${here} ${fishOption(option)}`),
    ];
  });
  const commands = [...everyNode(root)].slice(1).map(({ path }) => quoted(path));
  return `# Completion of ${program} for fish, made by: ${program} completion fish
function __${program}_at
    set -l path
    for word in (commandline -opc)[2..-1]
        set -l longer (string join ' ' -- $path $word)
        if contains -- "$longer" ${commands.join(' ')}
            set path $longer
        end
    end
    test "$path" = "$argv"
end
complete -c ${program} -f
${lines.join('\n')}`;
}

function fishOption({ long, short, value, takesFile: isFile, choices, description }: OptionNode): string {
  const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const takes = value === undefined ? '' : isFile ? ' -r -F' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -x';
  return `${names}${takes} -d ${quoted(firstSentence(description))}`;
}
