import { holdsItsDeployment } from '../../beside.ts'

holdsItsDeployment(import.meta.url, [])
