/** The environment, for the settings of these programs and of the program that Studio is. */
export const environment = process.env
