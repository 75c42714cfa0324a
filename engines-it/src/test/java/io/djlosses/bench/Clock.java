/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Times what a step pays for its loss, and counts the page faults in it: memory that the system
 * hands out anew costs more than the arithmetic on it.
 */
class Clock {

    private static final Path STATISTICS = Path.of("/proc/self/stat");
    private static final boolean COUNTS = Files.exists(STATISTICS);

    /** The place of the count after the name of the program, which may hold blanks. */
    private static final int MINOR_FAULTS = 7;

    private long nanos;
    private long faults;

    void start() {
        nanos -= System.nanoTime();
    }

    void pause() {
        nanos += System.nanoTime();
    }

    /** Goes on after what is not the loss's: the layer before it. */
    void resume() {
        faults -= count();
        nanos -= System.nanoTime();
    }

    void stop() {
        nanos += System.nanoTime();
        faults += count();
    }

    double milliseconds() {
        return nanos / 1e6;
    }

    long faults() {
        return faults;
    }

    /** Returns the page faults of the process so far, 0 where nobody counts them. */
    static long count() {
        if (!COUNTS) {
            return 0;
        }
        try {
            String line = Files.readString(STATISTICS);
            return Long.parseLong(
                    line.substring(line.lastIndexOf(')') + 2).split(" ", -1)[MINOR_FAULTS]);
        } catch (IOException e) {
            return 0;
        }
    }
}
