import { hangsWithItsDeployment } from '../../beside.ts'

hangsWithItsDeployment(import.meta.url)
