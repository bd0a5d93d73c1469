import cassandra from 'cassandra-driver'

const { errors, types } = cassandra
const { unavailableException, readTimeout } = types.responseErrorCodes

/** Errors as the driver raises them, for tests of those who judge them. */
export const unavailable = (): Error => new errors.ResponseError(unavailableException, 'too few')
export const serverTimeout = (): Error => new errors.ResponseError(readTimeout, 'slow')
export const clientTimeout = (): Error => new errors.OperationTimedOutError('12 s', '127.0.0.1')
