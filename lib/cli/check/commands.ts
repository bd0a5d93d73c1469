import type { Command } from 'commander'
import { makeProgram } from '../program.ts'

/** A command of the project, and the options that it takes. */
type Commands = ReadonlyMap<string, ReadonlySet<string>>

/** In a document or a workflow: what follows is the command line. */
const CALL = /\b(?:npx zonefall|npm test --|npm run zonefall --)(?=[ \t])([^`#|;&)<"]*)/g
/** The lab has a command line of its own. */
const PASSED_ON = new Set(['lab'])

/** The commands that there are, by their names: `migrate check` of one that has others below it. */
export function knownCommands(): Commands {
  const entries = (commands: readonly Command[], above = ''): [string, ReadonlySet<string>][] =>
    commands.flatMap((command) => [
      [
        `${above}${command.name()}`,
        new Set(['--help', ...command.options.flatMap(({ long }) => long ?? [])]),
      ],
      ...entries(command.commands, `${above}${command.name()} `),
    ])
  return new Map(entries(makeProgram().commands))
}

/**
 * What is wrong with the command lines in a text, each as the end of a sentence: `npx zonefall` with a command that
 * there isn't, or an option that it doesn't take. A line that ends in `\` goes on in the next.
 */
export function commandFaults(
  text: string,
  known: Commands,
): readonly { readonly line: number; readonly fault: string }[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const whole = line.endsWith('\\') ? `${line.slice(0, -1)} ${lines[index + 1] ?? ''}` : line
    return [...whole.matchAll(CALL)].flatMap(([call, rest = '']) =>
      faultsOf(call, rest, known).map((fault) => ({ line: index + 1, fault })),
    )
  })
}

function faultsOf(call: string, rest: string, known: Commands): string[] {
  const words = rest.split(/\s+/).filter((word) => word !== '')
  const isTest = call.startsWith('npm test')
  const [first] = words
  // `npx zonefall --help`, and a placeholder like `COMMAND`.
  if (!isTest && (first === undefined || !/^[a-z]/.test(first))) return []
  const below = `${first} ${words[1]}`
  const name = isTest ? 'run' : known.has(below) ? below : (first ?? '')
  const options = known.get(name)
  if (options === undefined) return [`names npx zonefall ${name}, which there is not`]
  if (PASSED_ON.has(name)) return []
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.replace(/[=.,:…].*$/, ''))
    .filter((option) => option !== '--' && !options.has(option))
    .map((option) => `gives zonefall ${name} the option ${option}, which it does not take`)
}
