/**
 * An answer of the EC2 API that is an error. Codes and wording are AWS's own as far as they are
 * known, because clients parse them: the EBS driver takes ids and limits out of the messages.
 */
export class ApiError extends Error {
  readonly code: string
  readonly httpStatus: number

  constructor(code: string, message: string, httpStatus = 400) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.httpStatus = httpStatus
  }
}

export const invalidAction = (message: string): ApiError => new ApiError('InvalidAction', message)

export const missingParameter = (name: string): ApiError =>
  new ApiError('MissingParameter', `The request must contain the parameter ${name}`)

export const unknownParameter = (name: string): ApiError =>
  new ApiError('UnknownParameter', `The parameter ${name} is not recognized`)

export const invalidValue = (message: string): ApiError =>
  new ApiError('InvalidParameterValue', message)

export const invalidCombination = (message: string): ApiError =>
  new ApiError('InvalidParameterCombination', message)

/** The lab doesn't model what was asked for: refused, where AWS would do it. */
export const unsupported = (message: string): ApiError =>
  new ApiError('UnsupportedOperation', message)
