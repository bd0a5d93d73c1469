import { defineAction } from '../action.ts'
import { invalidValue } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { filterParameters, flag, list, text } from '../wire/parameters.ts'
import { zonesOf } from './vpc.ts'

interface Zone {
  readonly region: string
  readonly name: string
  readonly id: string
}

const zonesIn = (context: Ec2Context): readonly Zone[] =>
  zonesOf(context).map((zone) => ({ ...zone, region: context.region }))

const zoneFilters: FilterTable<Zone> = {
  'zone-name': (zone) => zone.name,
  'zone-id': (zone) => zone.id,
  'zone-type': () => 'availability-zone',
  'region-name': (zone) => zone.region,
  'group-name': (zone) => zone.region,
  'opt-in-status': () => 'opt-in-not-required',
  state: () => 'available',
}

/** The lab's zones are all in its region and all opted in, so AllAvailabilityZones adds none. */
export const describeAvailabilityZones = defineAction({
  name: 'DescribeAvailabilityZones',
  parameters: {
    ZoneName: list(text).optional(),
    ZoneId: list(text).optional(),
    AllAvailabilityZones: flag.optional(),
    Filter: filterParameters,
  },
  prepare({ ZoneName: names, ZoneId: ids, Filter }, context) {
    const matches = compileFilters(Filter, zoneFilters)
    const zones = zonesIn(context)
    const wrong =
      names?.find((name) => !zones.some((zone) => zone.name === name)) ??
      ids?.find((id) => !zones.some((zone) => zone.id === id))
    if (wrong !== undefined) throw invalidValue(`Invalid availability zone: [${wrong}]`)
    const found = zones.filter(
      (zone) =>
        matches(zone) && (names?.includes(zone.name) ?? true) && (ids?.includes(zone.id) ?? true),
    )
    return () => ({
      availabilityZoneInfo: found.map((zone) => ({
        zoneName: zone.name,
        zoneId: zone.id,
        zoneState: 'available',
        regionName: zone.region,
        zoneType: 'availability-zone',
        groupName: zone.region,
        networkBorderGroup: zone.region,
        optInStatus: 'opt-in-not-required',
        messageSet: [],
      })),
    })
  },
})

interface Region {
  readonly name: string
  readonly endpoint: string
}

const regionFilters: FilterTable<Region> = {
  'region-name': (region) => region.name,
  endpoint: (region) => region.endpoint,
  'opt-in-status': () => 'opt-in-not-required',
}

/** The lab has one region. */
export const describeRegions = defineAction({
  name: 'DescribeRegions',
  parameters: {
    RegionName: list(text).optional(),
    AllRegions: flag.optional(),
    Filter: filterParameters,
  },
  prepare({ RegionName: names, Filter }, context) {
    const matches = compileFilters(Filter, regionFilters)
    const region: Region = {
      name: context.region,
      endpoint: `ec2.${context.region}.amazonaws.com`,
    }
    const wrong = names?.find((name) => name !== region.name)
    if (wrong !== undefined) throw invalidValue(`Invalid region name: [${wrong}]`)
    return () => ({
      regionInfo: [region].filter(matches).map(({ name, endpoint }) => ({
        regionName: name,
        regionEndpoint: endpoint,
        optInStatus: 'opt-in-not-required',
      })),
    })
  },
})
