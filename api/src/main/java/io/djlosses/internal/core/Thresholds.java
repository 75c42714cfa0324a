/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

/**
 * The sizes, in elements, at which one way to compute a loss becomes faster than another. They come
 * from the benchmark's {@code --mode sweep}, which times every reading at every size in a step of
 * training.
 */
public final class Thresholds {

    /** A limit that everything is above: for what pays at every size. */
    public static final long ALWAYS = 0;

    /**
     * The size of the largest array from which a graph costs more than it saves. On MXNet a closed
     * form takes 1.1 to 1.8 of its time at 128×64, 0.8 to 1.2 at 128×128, 0.65 to 0.95 at 256×128
     * and 0.3 to 0.6 at 256×1000.
     */
    public static final long GRAPH = 1 << 14;

    /**
     * The same for a cross entropy: formula or closed form take 1.0 to 2.0 of the time of a graph
     * at 128×128, 1.0 to 1.3 at 256×128, 0.85 to 1.2 at 256×256 and 0.5 to 0.7 at 256×1000.
     */
    public static final long GRAPH_OF_CLASSES = 1 << 16;

    /**
     * The size of the largest prediction from which a closed form is worth its calls. Where graphs
     * run, they serve below {@link #GRAPH}; without them the formula is as fast up to 4096
     * elements.
     */
    public static final long CLOSED_FORM = 4096;

    /** The size from which a script of many operations is worth them. */
    public static final long SCRIPT = 4096;

    /**
     * The size from which the closed form of |x − y|, or of a margin over classes, is worth a
     * script. Below it the engine's kernels take less: 0.8 of its time for |x − y| and 0.35 to 0.85
     * for margins at 64×64 to 128×128. From it on they take more: 1.0 to 1.9 at 256×256, 1.4 to 2.6
     * at 256×1000.
     */
    public static final long KERNEL = 1 << 16;

    /** The size from which a script should walk through blocks rather than call a fused kernel. */
    public static final long BLOCKS = 1 << 20;

    /** The elements of each array in a block: few enough for the cache, enough for two threads. */
    public static final int BLOCK = 1 << 18;

    /**
     * The size of a layer from which the logits of a chunk at a time are worth the calls. On MXNet
     * the logits as a whole take 0.5 of their time at 64×2000 and 128×4000; what chunks save is
     * memory, and there is little to save.
     */
    public static final long CHUNKS = 1 << 20;

    /** The samples from which one product in FLOAT64 takes longer than correcting some rows. */
    public static final int PAIRS = 128;

    /** The size from which a pass over an array costs more than a call. */
    public static final long PASS = 1 << 16;

    private Thresholds() {}
}
