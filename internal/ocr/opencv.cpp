#include "opencv.h"

#include <cstring>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

void alprd_one_thread(void) { cv::setNumThreads(1); }

int alprd_forward(void *net, char **names, void **mats, int n, char *why, int whylen) {
    try {
        std::vector<cv::Mat> blobs;
        static_cast<cv::dnn::Net *>(net)->forward(blobs, std::vector<cv::String>(names, names + n));
        for (int i = 0; i < n; i++) *static_cast<cv::Mat *>(mats[i]) = blobs[i];
        return 0;
    } catch (const std::exception &e) {
        std::strncpy(why, e.what(), whylen - 1);
        why[whylen - 1] = 0;
        return -1;
    }
}
