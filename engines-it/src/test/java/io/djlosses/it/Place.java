/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

import org.testng.SkipException;

/** Where the tests compute: on the CPU, or with {@code -Ddjlosses.device=gpu} on the first GPU. */
final class Place {

    private Place() {}

    /** Returns the device, or skips the test aloud where there is none. */
    static Device device(Engine engine) {
        String device = System.getProperty("djlosses.device", "cpu");
        if (device.equals("cpu")) {
            return Device.cpu();
        }
        if (!device.equals("gpu")) {
            throw new IllegalArgumentException("djlosses.device must be cpu or gpu: " + device);
        }
        if (engine.getGpuCount() == 0) {
            throw new SkipException(
                    "djlosses.device=gpu, but "
                            + engine.getEngineName()
                            + " finds no GPU here, or has no library for it");
        }
        return Device.gpu();
    }

    /** Returns a new manager of an engine on the device. */
    static NDManager manager(Engine engine) {
        return engine.newBaseManager(device(engine));
    }

    /** Returns a new manager of an engine on the device. */
    static NDManager manager(String engine) {
        return manager(Engine.getEngine(engine));
    }

    /** Returns a new model of an engine on the device. */
    static Model model(String engine) {
        return Model.newInstance("test", device(Engine.getEngine(engine)), engine);
    }
}
