/** `StorageClass` → `storageclasses`, as the API's paths have it. */
export function resourceOf(kind: string): string {
  const word = kind.toLowerCase()
  if (/(s|x|ch|sh)$/.test(word)) return `${word}es`
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`
}
