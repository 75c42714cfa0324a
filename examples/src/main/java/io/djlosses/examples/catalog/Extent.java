/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

/** What the dimensions of an input mean, and how large they are at each {@link Size}. */
@SuppressWarnings("ImmutableEnumChecker") // the arrays do not change
public enum Extent {
    /** Samples, elements of each. */
    ELEMENTS(dims(4, 3), dims(32, 10), dims(256, 1000), dims(2048, 2048)),

    /** Samples, classes. */
    CLASSES(dims(4, 6), dims(32, 10), dims(256, 1000), dims(4096, 10000)),

    /** Samples, classes, height, width. */
    IMAGES(dims(2, 3, 2, 2), dims(2, 3, 4, 4), dims(4, 21, 64, 64), dims(8, 21, 256, 256)),

    /** Pairs, width. Every pair meets every other. */
    PAIRS(dims(4, 3), dims(32, 10), dims(256, 1000), dims(1024, 256)),

    /** Steps, samples, classes, target length. */
    SEQUENCES(
            dims(6, 2, 4, 2), dims(50, 16, 20, 30), dims(200, 16, 64, 40), dims(1000, 16, 64, 100)),

    /** Samples, width of a row, size of the vocabulary. */
    VOCABULARIES(dims(3, 4, 5), dims(32, 16, 500), dims(256, 128, 4000), dims(2048, 512, 32000)),

    /** The same, and the number of classes that are drawn. */
    SAMPLES(
            dims(3, 4, 6, 2),
            dims(32, 16, 500, 20),
            dims(256, 64, 10000, 200),
            dims(2048, 256, 50000, 1000));

    private final long[] tiny;
    private final long[] small;
    private final long[] medium;
    private final long[] large;

    Extent(long[] tiny, long[] small, long[] medium, long[] large) {
        this.tiny = tiny;
        this.small = small;
        this.medium = medium;
        this.large = large;
    }

    /**
     * Returns the dimensions of an input that a person can read.
     *
     * @return the dimensions
     */
    public long[] tiny() {
        return tiny.clone();
    }

    /**
     * Returns the dimensions of a size.
     *
     * @param size the size
     * @return the dimensions
     */
    public long[] of(Size size) {
        return switch (size) {
            case S -> small.clone();
            case M -> medium.clone();
            case L -> large.clone();
        };
    }

    private static long[] dims(long... dims) {
        return dims;
    }
}
