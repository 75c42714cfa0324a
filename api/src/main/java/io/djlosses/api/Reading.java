/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * How the sum or mean of a loss is computed. Value and gradient are the same in every reading up to
 * rounding; they differ in speed and memory.
 */
public enum Reading {
    /** The default: whichever of the others is the fastest for this engine and size. */
    AUTO,
    /** The formula, differentiated by the engine. */
    FORMULA,
    /** The closed form of value and gradient wherever there is one. */
    CLOSED_FORM,
    /**
     * A script wherever there is one and the engine runs scripts; a graph of the formula where it
     * runs graphs and the arrays are not large.
     */
    SCRIPT
}
