/** As CQL has it behind `WITH REPLICATION =`: the next nodes round the ring, wherever they are. */
export function onTheNextNodes(copies: number): string {
  return `{ 'class' : 'SimpleStrategy', 'replication_factor' : ${copies} }`
}

/** As CQL has it: nodes of one datacenter, each in another rack as long as there are racks. */
export function onRacksOf(datacenter: string, copies: number): string {
  const name = datacenter.replaceAll("'", "''")
  return `{ 'class' : 'NetworkTopologyStrategy', '${name}' : ${copies} }`
}
