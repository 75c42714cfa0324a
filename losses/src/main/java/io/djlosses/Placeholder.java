/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

/** Holds this package's place until its first class is there. */
public final class Placeholder {

    private Placeholder() {}
}
