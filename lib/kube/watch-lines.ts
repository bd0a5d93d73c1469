/**
 * The lines of a stream of text, as they come. What follows the last line break is dropped: a
 * stream that was cut leaves half a line.
 *
 * @param onChunk called whenever something arrives, be it less than a line
 * @throws the stream's error when it is cut
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  onChunk: () => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    onChunk()
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
  }
}
